"""What an image is: its fields, how a record becomes a document, and how a filter judges it. Pure."""
