"""`printable`: what a cloud wrote, as text that a terminal only shows."""


def printable(text: str) -> str:
    """Put a space for every character that is no visible one.

    Such are line breaks, escape and other control characters, marks that turn the direction of writing, and
    halves of characters. What is left stays on its line, commands no terminal, and can be encoded.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
