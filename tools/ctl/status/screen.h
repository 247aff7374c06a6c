// A report that is drawn again and again in one place of the terminal, and a file that is replaced as a
// whole.
#pragma once

#include <string>

namespace ctl {

// From the first draw() on the terminal of stdout is cleared, its cursor hidden and long lines are cut; all
// but the text is put right again by the destructor.
class Screen {
  public:
    Screen() = default;
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // In the place of what was drawn before; what is too long for the screen is left out, and that is said.
    void draw(const std::string& text);

  private:
    bool is_drawn_ = false;
};

// The first `rows` lines at most; where lines are left out the last one says how many.
[[nodiscard]] std::string cut_to(const std::string& text, std::size_t rows);

// Writes a file of mode 0644 so that whoever reads it sees the old content or the new, whole, also after a
// crash. A folder's reader may see a name beside it for a moment, which begins with a dot. Throws
// tools::Failure.
void replace_file(const std::string& path, const std::string& content);

}  // namespace ctl
