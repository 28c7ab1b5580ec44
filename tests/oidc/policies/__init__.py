"""One policy matrix over all grants (X23): a row for each in `ways.py`; `test_matrix.py` asks all questions of each."""
