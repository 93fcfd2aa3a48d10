"""`Budget`: how many of the requests to an endpoint may be retries."""

_CENT = 1e-9
"""Fifths do not add up to one exactly."""


class Budget:
    """Each request earns a share of a retry; what is not spent is kept up to the allowance of the start.

    So in any stretch of time there are at most `allowance` retries more than the share of its requests: when
    everything fails, retries cannot multiply what an endpoint in trouble has to bear.
    """

    def __init__(self, share: float, allowance: int) -> None:
        self._share = share
        self._most = float(allowance)
        self._left = self._most

    def earn(self) -> None:
        """Count a request that is made for the first time."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Take a retry out; False if there is none left."""
        if self._left < 1.0 - _CENT:
            return False
        self._left -= 1.0
        return True
