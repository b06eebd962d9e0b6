"""Users as those who run the server deal with them."""
