"""Serving the course: the ``nbtutor`` command, its server settings and its pages.

``command`` is the command line, ``application`` the web server (Voilà in this process),
``settings`` everything that is ordinary configuration, ``kernels`` how kernels are started,
watched and ended, ``course`` where the lessons are and what they are called, ``pages`` what the
templates are told, ``working_copy`` and ``lab`` the learner's own copy in JupyterLab.
"""
