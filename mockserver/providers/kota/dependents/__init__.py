"""The lists of those who are to be covered beside an employee."""
