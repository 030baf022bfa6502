"""`renkei up`: starts every process of one machine, starts again what dies, drains at the end.

programs.py  what is started and how it is asked to stop
child.py     one program: its process, its log, its back-off
servers.py   the private PostgreSQL and Redis, started again within a second
station.py   all of it together
state.py     what others may know: HOME/up.json
"""
