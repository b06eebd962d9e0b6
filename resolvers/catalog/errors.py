"""What the catalog refuses to take.

Refused
├── BadFact         a value that no column can hold: an impossible key, a text that is too long
├── CaseTwin        a key that differs from a known one by case only
└── AnotherName     an organization that is known already, under its own key
"""


class Refused(Exception):
    """A fact that the catalog does not take; the message says why, for whoever told it."""


class BadFact(Refused):
    """A value that no column can hold."""


class CaseTwin(Refused):
    """A key that differs by case only from that of another run or organization; Open edX has never both."""

    def __init__(self, existing: str) -> None:
        self.existing = existing
        super().__init__(f"its key differs only by case from {existing}")


class AnotherName(Refused):
    """A key that is another name of an organization, such as `UAI_MIT` of `MIT`; it must not rename that one."""

    def __init__(self, organization: str) -> None:
        self.organization = organization
        super().__init__(f"it is another name of the organization {organization}")
