"""How the clouds speak: signatures, list parameters, pages and error shapes. Pure."""
