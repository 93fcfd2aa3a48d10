"""The routes: HTTP in, HTTP out; what is answered is decided beside them."""
