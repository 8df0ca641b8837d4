// Gives an open file without a name (O_TMPFILE) the name of another, in its place.
#pragma once

namespace lamina {

// Whether this system can.
bool can_put_in_place();

// Links the open file as `temporary`, in the folder that is open as `folder`, and renames that to
// `name`.  Returns 0 or an errno; then the file has no name, and EEXIST says that `temporary` is
// taken.
//
// Linux has no call that does both.  A short-lived process does, out of the caller's process group:
// a caller that is killed between the two leaves nothing behind.
int put_in_place(int folder, int descriptor, const char* temporary, const char* name);

}  // namespace lamina
