"""What every other part may use: windows, dates, arrays, words. It imports nothing of `clv` but errors."""
