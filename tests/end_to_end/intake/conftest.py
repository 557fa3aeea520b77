"""Its place puts `intake_process` on the path of the tests in both folders."""
