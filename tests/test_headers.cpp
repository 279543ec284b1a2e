// Its precompiled headers are those of every test program.
