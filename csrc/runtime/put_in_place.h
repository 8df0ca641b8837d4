// Gives an open file without a name (O_TMPFILE) a name, replacing the file that has it.
#pragma once

namespace lamina {

// Whether this system supports it.
bool can_put_in_place();

// Links the open file as `temporary`, in the folder open as `folder`, and renames that to `name`.
// Returns 0 or an errno; on an error the file has no name, and EEXIST means that `temporary`
// already exists.
//
// Linux has no single call for both.  A short-lived process outside the caller's process group
// performs them, so that a caller that is killed between the two leaves nothing behind.
int put_in_place(int folder, int descriptor, const char* temporary, const char* name);

}  // namespace lamina
