"""Behind step 2: operators tag rows, one last step decides, families are split."""
