"""Who may come in and what they may bring: shared by REST and sockets, free of any framework."""
