"""`renkei demo`: the whole job on private servers and simulated carts, checked against their log.

sizes.py      how much of everything
shops.py      merchants, shops, goods and orders, in the simulator and here alike
stage.py      what every phase works with
runs.py       run one action of every shop and wait for it
faults.py     what `--faults` does in the middle
figures.py    ours | simulator's, and the table at the end
phases/       what happens, noun by noun; phases/__init__.py lists it in order
show.py       open the stage, run the phases, close the stage
"""
