"""What a decoder pays for real music, and what simpler predictors pay."""
