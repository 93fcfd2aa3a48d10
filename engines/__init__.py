"""The index: one question (`query.Query`), answered alike by every engine."""
