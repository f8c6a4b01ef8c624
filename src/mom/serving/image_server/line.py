"""The waiting line: people before batches, and in each of the two one owner after the other, however much each asks for."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import chain, count
from typing import Generic, Protocol, TypeVar


class InLine(Protocol):
    """`owner` is who asks; `is_batch` says that no person sits and waits for it; the line writes down its `arrival`."""

    arrival: int

    @property
    def owner(self) -> str: ...

    @property
    def is_batch(self) -> bool: ...


Waiting = TypeVar("Waiting", bound=InLine)


class Line(Generic[Waiting]):
    """Holds what waits. Putting, taking and removing cost the same however long the line is, but for one owner's share."""

    def __init__(self) -> None:
        self._lanes: dict[bool, OrderedDict[str, deque[Waiting]]] = {False: OrderedDict(), True: OrderedDict()}
        self._length = 0
        self._arrivals = count()

    def __len__(self) -> int:
        return self._length

    def __contains__(self, one: Waiting) -> bool:
        return one in self._lanes[one.is_batch].get(one.owner, ())

    def __iter__(self) -> Iterator[Waiting]:
        """In the order in which they will be taken, as it stands now."""
        return chain.from_iterable(_in_turns(lane) for lane in self._lanes.values())

    def count_of(self, owner: str) -> int:
        return sum(len(lane.get(owner, ())) for lane in self._lanes.values())

    def put(self, one: Waiting) -> None:
        """Behind everything of its owner."""
        one.arrival = next(self._arrivals)
        self._lanes[one.is_batch].setdefault(one.owner, deque()).append(one)
        self._length += 1

    def put_back(self, one: Waiting) -> None:
        """One that was taken and is not done: before what its owner asked for later. Its owner has had a turn."""
        theirs = self._lanes[one.is_batch].setdefault(one.owner, deque())
        theirs.insert(sum(other.arrival < one.arrival for other in theirs), one)
        self._length += 1

    def take(self) -> Waiting:
        """The next. Its owner goes to the end of the lane. Raises `LookupError` where nothing waits."""
        lane = next((lane for lane in self._lanes.values() if lane), None)
        if lane is None:
            raise LookupError("nothing waits")
        owner, theirs = lane.popitem(last=False)
        one = theirs.popleft()
        if theirs:
            lane[owner] = theirs
        self._length -= 1
        return one

    def remove(self, one: Waiting) -> None:
        """Raises `ValueError` where it does not wait."""
        lane = self._lanes[one.is_batch]
        theirs = lane.get(one.owner, deque())
        theirs.remove(one)
        if not theirs:
            del lane[one.owner]
        self._length -= 1


def _in_turns(lane: OrderedDict[str, deque[Waiting]]) -> Iterator[Waiting]:
    queues = [iter(theirs) for theirs in lane.values()]
    while queues:
        going_on = []
        for theirs in queues:
            one = next(theirs, None)
            if one is not None:
                yield one
                going_on.append(theirs)
        queues = going_on
