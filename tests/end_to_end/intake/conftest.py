"""Makes `intake_process` known to the tests of both folders here."""
