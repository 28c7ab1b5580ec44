"""What people see and press, in a real Chromium, against `doorward serve` and applications that run."""
