"""Behind step 5: do the runtimes agree, how good are the answers, and the report of it."""
