"""What the doctor says of clouds: what to do about a failure, and lists of things."""

from collections.abc import Iterable, Sequence

from clouds.error import Meaning
from indexer.sources.failure import Failure
from indexer.sources.question import About, Question
from indexer.sources.source import Source
from mappings.scope import CloudKind

_NAMED = 4
"""Things of one kind that are named in a sentence."""


def todo_of_connection(failure: Failure) -> str:
    """Say what to do about a service that does not answer."""
    if failure.meaning is Meaning.CONFIGURATION:
        return "correct the address, or have this machine trust who signed the certificate (SSL_CERT_FILE)"
    if not failure.sent:
        return (
            "see to name resolution, network and firewall (a proxy that the environment names is not used),"
            " or correct the address"
        )
    if failure.passing:
        return _LATER
    return "correct the address: what answers there is not the service itself"


def todo_of_failure(failure: Failure, source: Source) -> str:
    """Say what to do about a request that failed for another reason than a missing right."""
    return _TODO.get(failure.meaning, "see to the message, and to the endpoints of source {name}").format(
        name=f'"{source.name}"'
    )


def todo_of_right(question: Question, source: Source) -> str:
    """Say what to do about a right that is missing."""
    if source.kind is CloudKind.GLANCE:
        if question.about is About.PROJECTS:
            return "let a user log in who is an administrator of the cloud, or take all_projects out"
        return "give its user a role in this project, such as reader, or see to the policy of the cloud"
    where = "in this project" if question.project else "in one of the projects"
    todo = f"give its user {question.right} {where}; ims-catalog doctor --policy prints all that is needed"
    if question.about is About.FLAVORS:
        return f'{todo}. Or set flavors = "documented"'
    if source.enterprise_project_id is not None and question.about is About.IMAGES:
        return f"{todo}. Given by enterprise project only, it does not open shared images"
    return todo


def listed(things: Iterable[str]) -> str:
    """Join things as a sentence has them."""
    *first, last = things
    return f"{', '.join(first)} and {last}" if first else last


def some(things: Sequence[str]) -> str:
    """Name the first of many things, and say how many more there are."""
    more = len(things) - _NAMED
    if more <= 0:
        return listed(things)
    return f"{', '.join(things[:_NAMED])} and {more} more"


_LATER = "see whether the cloud tells of an outage, and look again"
_TODO = {
    Meaning.EXPIRED_LOGIN: "give source {name} a token or keys that have not ended",
    Meaning.CLOCK_SKEW: "set the clock of this machine, best by NTP (chrony, timesyncd)",
    Meaning.CONFIGURATION: "correct what source {name} logs in with, or its enterprise_project_id; a password"
    " that is tried again and again locks the account",
    Meaning.NOT_FOUND: "correct the endpoints of source {name}: there is no such service behind this one",
    Meaning.FORBIDDEN: "give the user of source {name} a role in a project",
    Meaning.THROTTLED: _LATER,
    Meaning.TEMPORARY: _LATER,
}
