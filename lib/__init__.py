"""Small named helpers that know nothing of the project; everybody above may use them."""
