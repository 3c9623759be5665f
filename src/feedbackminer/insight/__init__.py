"""⑧ Measures to claims: statements with a number, an interval, people and posts behind them."""
