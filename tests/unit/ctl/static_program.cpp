// A program without a loader. It is looked at, not run.
int main() {
    return 0;
}
