// The mark of what the audio thread calls.
#pragma once

// A function marked UMTN_REALTIME runs on the host's audio thread: it allocates and frees nothing,
// takes no lock, touches no file or socket, and does not sleep (but see Player: in an offline
// render it may be told to). All else is for other threads. Where the compiler has the realtime
// sanitizer, the mark makes it check this; everywhere, tests/plugin_host/test_audio_thread.cpp
// does.
#if defined(__has_feature)
#if __has_feature(realtime_sanitizer)
#define UMTN_REALTIME [[clang::nonblocking]]
#endif
#endif
#ifndef UMTN_REALTIME
#define UMTN_REALTIME
#endif
