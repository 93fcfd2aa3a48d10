"""From a generation to an answer: question, access, reader, answer."""
