"""The course as a static site: the kernel runs in the learner's browser, under Pyodide."""
