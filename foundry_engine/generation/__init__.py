"""Behind step 1: what to ask for, how to ask, and which replies to keep."""
