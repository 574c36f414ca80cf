"""Serving the course: the ``nbtutor`` command, its server settings and its pages.

``command`` is the command line, ``application`` the web server (Voilà in this process),
``settings`` everything that is ordinary configuration, ``config`` the same for a plain ``voila``,
``handlers`` what answers which address, ``access`` and ``login_token`` who may come in, ``seats``
how many, ``kernels`` how kernels are started, watched and ended, ``logs`` what is told of all this,
``course`` where the lessons are and what they are called, ``pages`` what the templates are told,
``working_copy`` and ``lab`` the learner's own copy in JupyterLab, ``site`` the course as
files for any web server.
"""
