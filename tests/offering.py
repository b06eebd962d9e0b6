"""An Open edX that offers runs of the small catalog in modes, over real HTTP, and what it was asked."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from edx.http import OpenEdxHttp
from edx.lms import COURSES, MODES, Lms
from edx.patience import HttpSettings
from edx.simulator import UNTHROTTLED, Options, World, running
from edx.simulator.faults import Fault, Faults
from edx.simulator.world import Application, CourseRun, Key, Mode, User
from edx.tokens import Tokens
from resolvers.programs.offers import Offers

IMPATIENT = HttpSettings(read=1, attempts=1)
SERVICE = "service_worker"


@dataclass
class Platform:
    """The platform's address, world and faults, and a client of it."""

    address: str
    lms: Lms
    world: World
    faults: Faults

    def publish(self, key: str, *modes: Mode) -> None:
        """Offer a run in modes."""
        parsed = Key.parse(key)
        assert parsed is not None
        start = datetime(2026, 1, 1, tzinfo=UTC)
        self.world.add_run(CourseRun(parsed, f"Run {parsed.run}", start, modes={mode.slug: mode for mode in modes}))

    def calls(self) -> dict[str, int]:
        """How often lists of courses and lists of modes were asked for."""
        counts: Counter[str] = Counter()
        for (_, path), count in self.faults.requests.items():
            kind = "courses" if path == COURSES else "modes" if path.startswith(MODES) else None
            if kind:
                counts[kind] += count
        return dict(counts)

    def strike(self, *faults: Fault) -> None:
        """Behave so badly from now on."""
        self.faults.set(list(faults))

    @property
    def offers(self) -> Offers:
        async def lms() -> Lms:
            return self.lms

        return Offers(lms)


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    """A platform without runs; its service user is staff."""
    world, faults = World(), Faults()
    world.add_user(User(SERVICE, "service@example.org", staff=True))
    world.add_application(Application("collegium", "not-a-secret", SERVICE))
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(running(world, Options(rates=UNTHROTTLED), faults=faults))
        tokens = Tokens(addresses.lms, "collegium", "not-a-secret", settings=IMPATIENT)
        stack.push_async_callback(tokens.aclose)
        http = await stack.enter_async_context(OpenEdxHttp(addresses.lms, authority=tokens, settings=IMPATIENT))
        yield Platform(addresses.lms, Lms(http), world, faults)
