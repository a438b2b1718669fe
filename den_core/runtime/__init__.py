"""What any run stands on: devices, processes, atomic files, the clock and the memory."""
