"""The providers' wire formats, each as one codec between HTTP bodies and a plain exchange."""
