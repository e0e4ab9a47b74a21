"""Behind step 3: search, selection, calibration and certificates, on numpy and scikit-learn."""
