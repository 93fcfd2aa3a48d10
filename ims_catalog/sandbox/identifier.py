"""Image ids of an estate: UUIDs that look random and from which the image's number can be read back.

So neither a table of a million ids nor a search is needed to find the image that a marker names.
"""

_BITS = 60
_MASK = (1 << _BITS) - 1
_FIRST = 0xBF58476D1CE4E5B9 & _MASK
_SECOND = 0x94D049BB133111EB & _MASK
_FIRST_INVERSE = pow(_FIRST, -1, 1 << _BITS)
_SECOND_INVERSE = pow(_SECOND, -1, 1 << _BITS)


def image_id(number: int, seed: int) -> str:
    """Give the UUID (version 4, RFC 9562) of the image with this number, 0 <= number < 2**60."""
    head = _mix((number + seed * _SECOND) & _MASK)
    digits = f"{head << _BITS | head * _FIRST & _MASK:030x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{digits[18:]}"


def number_of(identifier: str, seed: int) -> int | None:
    """Give the number behind an id of the estate with this seed; None for any other text."""
    digits = identifier.replace("-", "")
    try:
        number = (_unmix(int(digits[:12] + digits[13:16], 16)) - seed * _SECOND) & _MASK
    except ValueError:
        return None
    return number if image_id(number, seed) == identifier else None


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def _unmix(value: int) -> int:
    value = ((value ^ (value >> 31)) * _SECOND_INVERSE) & _MASK
    value = ((value ^ (value >> 27) ^ (value >> 54)) * _FIRST_INVERSE) & _MASK
    return value ^ (value >> 30)
