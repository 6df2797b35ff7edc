"""Crashes and faults on purpose: real processes, real files, real sockets. See CONTRIBUTING.md."""
