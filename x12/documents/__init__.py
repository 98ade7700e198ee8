"""Business-named documents: what a transaction says, without its segments. One module a transaction."""
