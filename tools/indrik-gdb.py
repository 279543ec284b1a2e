"""Shows gdb the fibers of a green worker: where each waits, and for which request.

    gdb -p PID -x tools/indrik-gdb.py -ex 'indrik fibers' -batch        a worker that runs (it stands still meanwhile)
    gdb build/release/indrik core -x tools/indrik-gdb.py                a worker that has died
    (gdb) indrik fibers [-a] [FRAMES]                                   at most so many frames each; -a: idle ones too
    (gdb) indrik fiber NUMBER                                           makes `bt` show that fiber; 0: the thread again

It needs no types of ours, so that a stripped program will do: the list that it reads is that of src/fiber/fiber_list.h,
the request that of src/process/running_request.h, the registers those that Boost.Context's jump saves (x86-64, AArch64).
"""

import gdb
import gdb.unwinder

POINTER = 8
# Offsets from the saved stack pointer: libs/context/src/asm/jump_*_sysv_elf_gas.S of Boost, 1.74 and later.
SAVED = {
    "i386:x86-64": ({"r12": 0x08, "r13": 0x10, "r14": 0x18, "r15": 0x20, "rbx": 0x28, "rbp": 0x30, "rip": 0x38}, "rsp", 0x40, "rip"),
    "aarch64": (dict([("x%d" % (19 + i), 0x40 + 8 * i) for i in range(11)] + [("x30", 0x98), ("pc", 0xA0)]), "sp", 0xB0, "pc"),
}


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, POINTER).tobytes(), "little")


def text(address):
    """Of a std::string_view: its size, then where it is."""
    size = min(word(address), 300)
    if size == 0:
        return ""
    return gdb.selected_inferior().read_memory(word(address + POINTER), size).tobytes().decode("utf-8", "replace")


class Fiber:
    def __init__(self, address):
        self.next, _, self.bottom, self.top, place, self.about = (word(address + POINTER * i) for i in range(6))
        self.saved = word(place)

    def state(self):
        if not self.saved:
            return "running"
        return "parked" if self.about else "idle"

    def request(self):
        if not self.about:
            return ""
        method, path, route, plugin = (text(self.about + 2 * POINTER * i) for i in range(4))
        return "%s %s (route %s, plugin %s)" % (method, path, route, plugin)


def fibers():
    symbol = gdb.lookup_global_symbol("indrik_fibers")
    address = int(symbol.value().address) if symbol else int(gdb.parse_and_eval("(long)&indrik_fibers"))
    found, at = [], word(address)
    while at:
        found.append(Fiber(at))
        at = found[-1].next
    found.reverse()
    return found


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class FiberUnwinder(gdb.unwinder.Unwinder):
    """While a fiber is chosen, the thread's innermost frame seems to have been called from where the fiber waits."""

    def __init__(self):
        super().__init__("indrik fiber")
        self.chosen = None

    def choose(self, fiber):
        self.chosen = fiber
        gdb.invalidate_cached_frames()

    def __call__(self, frame):
        if self.chosen is None:
            return None
        offsets, sp, size, pc = SAVED[frame.architecture().name()]
        here = int(frame.read_register(sp))
        if self.chosen.bottom <= here < self.chosen.top:
            return None  # it is one of the fiber's own, which the debugger can unwind
        if here != self.thread_sp:
            return None
        info = frame.create_unwind_info(FrameId(frame.read_register(sp), frame.read_register(pc)))
        kind = gdb.lookup_type("unsigned long")
        for name, offset in offsets.items():
            info.add_saved_register(name, gdb.Value(word(self.chosen.saved + offset)).cast(kind))
        info.add_saved_register(sp, gdb.Value(self.chosen.saved + size).cast(kind))
        return info

    def attach(self):
        architecture = gdb.newest_frame().architecture().name()
        if architecture not in SAVED:
            raise gdb.GdbError("fibers cannot be unwound on " + architecture)
        self.thread_sp = int(gdb.newest_frame().read_register(SAVED[architecture][1]))


UNWINDER = FiberUnwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)


def frames_of(fiber, limit):
    """Its frames in lines, innermost first; without the thread's own, which stands before them."""
    UNWINDER.choose(None)
    UNWINDER.attach()
    UNWINDER.choose(fiber)
    try:
        lines, frame = [], gdb.newest_frame().older()
        while frame is not None and frame.is_valid() and len(lines) < limit:
            name = frame.name() or "??"
            place = frame.find_sal()
            where = " at %s:%d" % (place.symtab.filename, place.line) if place.symtab else ""
            if not where:
                library = gdb.solib_name(frame.pc())
                where = " in " + library if library else ""
            lines.append("  #%d %s%s" % (len(lines), name, where))
            frame = frame.older()
        return lines
    except gdb.error as error:
        return ["  (its stack cannot be unwound: %s)" % error]
    finally:
        UNWINDER.choose(None)


class Indrik(gdb.Command):
    """Looks into a worker of indrik."""

    def __init__(self):
        super().__init__("indrik", gdb.COMMAND_STACK, prefix=True)


class Fibers(gdb.Command):
    """indrik fibers [-a] [FRAMES]: every fiber that has a request, what it is, and where it waits; -a: idle ones too."""

    def __init__(self):
        super().__init__("indrik fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, _):
        words = gdb.string_to_argv(argument)
        limit = int(next((w for w in words if w.isdigit()), "30"))
        every = fibers()
        count = {state: sum(f.state() == state for f in every) for state in ("running", "parked", "idle")}
        print("%d fibers: %d running, %d parked, %d idle" % (len(every), count["running"], count["parked"], count["idle"]))
        for number, fiber in enumerate(every, 1):
            state = fiber.state()
            if state == "idle" and "-a" not in words:
                continue
            used = " (%d bytes of its stack in use)" % (fiber.top - fiber.saved) if fiber.saved else ""
            print("fiber %d: %s %s%s" % (number, state, fiber.request(), used))
            if state == "parked":
                print("\n".join(frames_of(fiber, limit)))


class OneFiber(gdb.Command):
    """indrik fiber NUMBER: the thread seems to be in that fiber, for bt, up, info locals; 0: it is itself again."""

    def __init__(self):
        super().__init__("indrik fiber", gdb.COMMAND_STACK)

    def invoke(self, argument, _):
        number, every = int(argument or "0"), fibers()
        UNWINDER.choose(None)
        if number == 0:
            return
        if number > len(every) or not every[number - 1].saved:
            raise gdb.GdbError("fiber %d is not suspended" % number)
        UNWINDER.attach()
        UNWINDER.choose(every[number - 1])
        gdb.execute("frame 1")


Indrik()
Fibers()
OneFiber()
