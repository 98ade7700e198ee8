"""A shared folder as carrier: another program of the house, or a mounted drive, moves the files on."""
