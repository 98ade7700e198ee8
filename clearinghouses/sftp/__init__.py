"""SFTP as carrier: one mailbox at a clearinghouse, its host key pinned, a time limit on every step."""
