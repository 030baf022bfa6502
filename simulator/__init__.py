"""Both carts as real HTTP servers, with a fault switchboard and a log of what buyers would feel."""
