"""What all nouns share: a global id."""

import strawberry

from resolvers.plan.declare import identity


@strawberry.interface(description="An object that is found by its id, whatever it is.")
class Node:
    """The interface of every noun."""

    id: strawberry.ID = identity("Global id: the type and the public key, which never changes. Opaque to clients.")
