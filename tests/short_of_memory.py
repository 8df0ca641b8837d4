"""The beginning of programs that call something when no memory is left, for a new process."""

SHORT_OF_MEMORY = """
import ctypes, resource

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def short_of_memory(call):
    '''Return whether the call raised MemoryError.'''
    limits, held = resource.getrlimit(resource.RLIMIT_AS), []
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, limits[1]))  # nothing more is mapped
    for bits in range(20, 11, -1):  # nor left to malloc
        size = 1 << bits
        while place := libc.malloc(size):
            held.append(place)
    try:
        call()
    except MemoryError:
        refused = True
    else:
        refused = False
    for place in held:
        libc.free(place)
    resource.setrlimit(resource.RLIMIT_AS, limits)
    return refused
"""
