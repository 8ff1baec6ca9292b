// How patient the plugin is with the bridge.
#pragma once

namespace umtn::plugin {

struct BridgeTiming {                      // in seconds
  double search = 0.5;                     // between looks at the address file
  double ping = 1.0;                       // between pings
  double silence = 3.0;                    // without an answer, until the light goes out
  double resend = 0.25, resend_most = 2.0; // of a request without an answer; each time twice that
  double quiet = 2.0;                      // without news of a job, until it is asked after
  double answer = 10.0;                    // without an answer to another request, until it fails
  double convert = 120.0;                  // likewise, of an audio file's conversion
  double start = 30.0;                     // that a bridge may take until it can be found
};

} // namespace umtn::plugin
