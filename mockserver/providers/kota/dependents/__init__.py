"""Lists of dependents to be covered with an employee."""
