"""Where people sit: role home pages, work lists and reports that span rooms, search and the command palette."""
