"""The model: images of a small account as people made them, and what a catalogue must know after each run.

It is written from what the catalogue promises, not from how it works: it knows no pages, spools, plans or
generations, only which listing could be read, who answered, and what the catalogue knew before.
"""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.scope import View, granted_by, shared

PUBLIC = "gold"


@dataclass(slots=True)
class Image:
    """An image of the account; `members` are projects by the answer they gave. Nobody owns a public one."""

    id: str
    owner: str | None
    name: str
    text: str
    members: dict[str, str] = field(default_factory=dict)
    hidden: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """From which loss on a listing is doubted, when it is believed all the same, how long rights are carried.

    `doubt`: nothing is published if more than this share of the listings is doubted.
    """

    shrink: float
    shrink_least: int
    repeats: int
    repeat_after: timedelta
    doubt: float
    max_carry: timedelta


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue knows of an image in one view: `scopes` keep it, those in `away` do not list it.

    `shadowed_by` are the projects that see the owner's view of it.
    """

    name: str
    text: str
    scopes: frozenset[str]
    away: frozenset[str] = frozenset()
    visible_to: frozenset[str] = frozenset()
    shadowed_by: frozenset[str] = frozenset()
    former_names: tuple[str, ...] = ()


Key = tuple[str, View]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a run meets: `seen` images by scope, `whole` the scopes whose listings could be read to the end.

    `due` are the scopes that it is about, `answering`: whether images can be asked for by id.
    """

    at: datetime
    seen: Mapping[str, Collection[str]]
    whole: AbstractSet[str]
    due: AbstractSet[str]
    answering: bool
    accepted: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A loss that is not believed yet."""

    missing: frozenset[Key]
    since: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What there is between two runs. `missed` were missing from the last whole listing, unexplained.

    `whole_at` tells by scope when it was last listed whole, `well` are the scopes whose last attempt was.
    """

    served: bool = False
    images: Mapping[Key, Known] = field(default_factory=dict)
    missed: Mapping[str, frozenset[Key]] = field(default_factory=dict)
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    whole_at: Mapping[str, datetime] = field(default_factory=dict)
    well: AbstractSet[str] = frozenset()

    def visible(self, projects: AbstractSet[str]) -> set[Key]:
        """Whom the members of some projects see: no image twice."""
        return {
            (image, view)
            for (image, view), known in self.images.items()
            if view is View.PUBLIC
            or (known.visible_to & projects and not (view is View.SHARED and known.shadowed_by & projects))
        }


@dataclass(frozen=True, slots=True)
class Expected:
    """How a run ends, and what is known then. `believed`: more than what it found of rights counts."""

    exit: int
    held: frozenset[str]
    after: Knowledge
    believed: bool


@dataclass
class Account:
    """The images by id, in the order in which they were made, and the listings of the account."""

    projects: tuple[str, ...]
    scopes: Mapping[str, View]
    images: dict[str, Image] = field(default_factory=dict)

    def listed(self, scope: str) -> list[str]:
        """What a listing shows."""
        return [image.id for image in self.images.values() if self._lists(scope, image)]

    def alive(self, image: str) -> bool:
        return not self.images[image].deleted

    def shown(self, projects: AbstractSet[str]) -> set[Key]:
        """What the cloud itself shows to the members of some projects, each image once."""
        found: set[Key] = set()
        for scope, view in self.scopes.items():
            grants = set(granted_by(scope))
            if view is View.PUBLIC or grants & projects:
                found |= {(image, view) for image in self.listed(scope)}
        return {
            (image, view)
            for image, view in found
            if view is not View.SHARED or self.images[image].owner not in projects
        }

    def _lists(self, scope: str, image: Image) -> bool:
        if image.deleted or image.hidden:
            return False
        if self.scopes[scope] is View.PUBLIC:
            return image.owner is None and scope.endswith(PUBLIC)
        (project,) = granted_by(scope)
        if self.scopes[scope] is View.OWN:
            return image.owner == project
        return image.members.get(project) == "accepted"


def expected(account: Account, limits: Limits, before: Knowledge, met: Conditions) -> Expected:
    """Say how a run ends, and what is known when it has."""
    run = _Run(account, limits, before, met)
    unwell = replace(before, images=run.rights_only(), well=before.well - met.due)
    if not met.whole:
        return Expected(1, frozenset(), unwell, believed=False)
    doubts = run.doubts()
    held = frozenset(doubts)
    if len(held) > limits.doubt * sum(not shared(scope) for scope in met.whole):
        return Expected(4, held, replace(unwell, doubts={**before.doubts, **doubts}), believed=False)
    passing = met.whole - held
    after = Knowledge(
        served=True,
        images=dict(run.images(passing)),
        missed={**before.missed, **{scope: run.missed(scope) for scope in passing}},
        doubts={**{one: doubt for one, doubt in before.doubts.items() if one not in passing}, **doubts},
        whole_at={**before.whole_at, **dict.fromkeys(passing, met.at)},
        well=(before.well - met.due) | passing,
    )
    return Expected(4 if held else 3 if met.due - met.whole else 0, held, after, believed=True)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over the account."""

    account: Account
    limits: Limits
    before: Knowledge
    met: Conditions

    def doubts(self) -> dict[str, Doubt]:
        """Give the scopes that lost too much, with what is to be remembered of them."""
        found = {}
        for scope in self.met.whole:
            listed = self._kept(scope) - (self.before.missed.get(scope, frozenset()) - self._keys(scope))
            loss = len(listed) - len(self.met.seen[scope])
            emptied = bool(listed) and not self.met.seen[scope]
            much = loss > self.limits.shrink_least and loss > self.limits.shrink * len(listed)
            if shared(scope) or scope in self.met.accepted or not (emptied or much):
                continue
            missing = frozenset(self._kept(scope) - self._keys(scope))
            last = self.before.doubts.get(scope)
            doubt = Doubt(missing, self.met.at, 1)
            if last is not None and last.missing == missing:
                doubt = replace(last, runs=last.runs + 1)
            long = self.met.at - doubt.since >= self.limits.repeat_after
            if not (doubt.runs >= self.limits.repeats and long):
                found[scope] = doubt
        return found

    def rights_only(self) -> Mapping[Key, Known]:
        """Give what is known where nothing is believed but what is shared, and no longer is."""
        if not self.before.served:
            return {}
        seen = {scope: images for scope, images in self.met.seen.items() if shared(scope)}
        whole = frozenset(filter(shared, self.met.whole))
        return dict(replace(self, met=replace(self.met, seen=seen)).images(whole))

    def missed(self, scope: str) -> frozenset[Key]:
        """Give what a listing lacks for the first time while nobody says that it is gone."""
        if shared(scope) or self.met.answering:
            return frozenset()
        lacks = self._kept(scope) - self._keys(scope)
        return frozenset(lacks - self.before.missed.get(scope, frozenset()))

    def images(self, passing: AbstractSet[str]) -> Iterator[tuple[Key, Known]]:
        """Give all that is known after the run."""
        keys = {key for scope in self.met.seen for key in self._keys(scope)} | self.before.images.keys()
        owners = {}
        for image, view in sorted(keys):
            known = self._known((image, view), passing)
            if known is None:
                continue
            if view is View.OWN:
                owners[image] = known.visible_to
            if view is View.SHARED:
                known = replace(known, shadowed_by=owners.get(image, frozenset()))
            yield (image, view), known

    def _known(self, key: Key, passing: AbstractSet[str]) -> Known | None:
        before = self.before.images.get(key)
        listing = {scope for scope in self.met.seen if key in self._keys(scope)}
        keeping, away, carrying = set(listing), set[str](), set[str]()
        told = bool(listing)
        for scope in (before.scopes if before else frozenset()) - listing:
            was_away = before is not None and scope in before.away
            if scope not in passing:
                keeping.add(scope)
                away |= {scope} if was_away else set()
                carrying |= {scope} if self._carries_rights(scope) else set()
                continue
            if shared(scope) or not self._stays(scope, key, was_away=was_away):
                continue
            keeping.add(scope)
            carrying.add(scope)
            if was_away or self.met.answering:
                away.add(scope)
            told = told or self.met.answering
        if not keeping:
            return None
        image = self.account.images[key[0]]
        name, text = (image.name, image.text) if told or before is None else (before.name, before.text)
        return Known(
            name,
            text,
            frozenset(keeping),
            frozenset(away),
            _granted(listing) | (_granted(carrying) & (before.visible_to if before else frozenset())),
            former_names=_former(before, name),
        )

    def _stays(self, scope: str, key: Key, *, was_away: bool) -> bool:
        """Tell whether a scope keeps an image that its whole listing does not show."""
        if self.met.answering:
            return self.account.alive(key[0])
        return was_away or key not in self.before.missed.get(scope, frozenset())

    def _carries_rights(self, scope: str) -> bool:
        if not shared(scope):
            return True
        at = self.before.whole_at.get(scope)
        if at is None:
            return False
        recent = self.met.at - at <= self.limits.max_carry
        return recent or (scope not in self.met.due and scope in self.before.well)

    def _keys(self, scope: str) -> set[Key]:
        return {(image, self.account.scopes[scope]) for image in self.met.seen.get(scope, ())}

    def _kept(self, scope: str) -> set[Key]:
        """Give what a scope listed when it was listed last."""
        return {
            key
            for key, known in self.before.images.items()
            if scope in known.scopes and scope not in known.away
        }


def _granted(scopes: Collection[str]) -> frozenset[str]:
    return frozenset(project for scope in scopes for project in granted_by(scope))


def _former(before: Known | None, name: str) -> tuple[str, ...]:
    if before is None:
        return ()
    names = before.former_names if before.name == name else (before.name, *before.former_names)
    return tuple(one for one in dict.fromkeys(names) if one != name)[:10]
