// What the user gave will not do: reported in one line, exit status 2, nothing written.
#pragma once

#include <stdexcept>

namespace pc1 {

class BadInput : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace pc1
