/* The progress bar: on a terminal only, redrawn in place, gone when the work ends. */
#include <string.h>
#include <time.h>

#include "cli/cli.h"

enum { LEAST_COLUMNS = 20, USUAL_COLUMNS = 80, MOST_COLUMNS = 120, BAR = 24 };
/* Seconds: work that is over sooner shows no bar at all. */
static const double first_after = 0.4, next_after = 0.1;

static size_t terminal_width(const struct cli *cli)
{
    int width = cli->host->err_width;

    return width < LEAST_COLUMNS ? USUAL_COLUMNS : width < MOST_COLUMNS ? (size_t)width : MOST_COLUMNS;
}

static void megabytes(double bytes, char *to, size_t size)
{
    if (bytes >= 1e10)
        (void)snprintf(to, size, "%.0f GB", bytes / 1e9);
    else if (bytes >= 1e9)
        (void)snprintf(to, size, "%.1f GB", bytes / 1e9);
    else
        (void)snprintf(to, size, "%.0f MB", bytes / 1e6);
}

/* "45% [##########     ] 78 MB of 171 MB, 240 MB/s, 0:03 left" */
static void describe(char *line, size_t size, const struct pf_progress *now)
{
    char done[32], total[32], rate[32], bar[BAR + 1];
    double share, left;
    size_t filled;

    megabytes((double)now->bytes_read, done, sizeof done);
    megabytes(now->seconds > 0 ? (double)now->bytes_read / now->seconds : 0, rate, sizeof rate);
    if (now->bytes_total <= 0) {
        (void)snprintf(line, size, "%s %s, %lld rows, %s/s", now->step, done, (long long)now->rows, rate);
        return;
    }
    megabytes((double)now->bytes_total, total, sizeof total);
    share = (double)now->bytes_read / (double)now->bytes_total;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    left = share > 0 ? now->seconds * (1 - share) / share : 0;
    filled = (size_t)(share * BAR);
    memset(bar, '.', BAR);
    memset(bar, '#', filled);
    bar[BAR] = '\0';
    (void)snprintf(line, size, "%s %3.0f%% [%s] %s of %s, %s/s, %d:%02d left", now->step, share * 100, bar, done, total, rate,
                   (int)(left / 60) % 10000, (int)left % 60);
}

static double clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void draw(struct cli_progress *progress, const struct pf_progress *now)
{
    struct cli_output *to = &progress->cli->err;
    char line[MOST_COLUMNS * 2];
    size_t width = terminal_width(progress->cli) - 1;
    double clock = clock_now();

    /* Not by now->seconds: they begin again when another engine does. */
    if (clock - progress->begun < first_after || (progress->shown && clock - progress->last < next_after))
        return;
    describe(line, sizeof line, now);
    if (strlen(line) > width)
        line[width] = '\0';
    cli_print(to, "\r%-*s", (int)width, line);
    cli_flush(to);
    progress->shown = true;
    progress->last = clock;
}

static void waiting(void *user)
{
    struct cli *cli = ((struct cli_progress *)user)->cli;

    if (cli->host->interrupted != NULL && cli->interrupted == 0)
        cli->interrupted = cli->host->interrupted(cli->host->user);
    if (cli->interrupted != 0)
        pf_context_cancel(cli->ctx);
}

static void between_blocks(void *user, const struct pf_progress *now)
{
    struct cli_progress *progress = user;

    if (progress->drawn)
        draw(progress, now);
    waiting(progress);
}

void cli_progress_begin(struct cli_progress *progress, struct cli *cli)
{
    memset(progress, 0, sizeof *progress);
    progress->cli = cli;
    progress->begun = clock_now();
    progress->drawn = cli->host->err_is_terminal && !cli->options.quiet && !cli->options.log_json &&
                      cli->options.progress != CLI_PROGRESS_NEVER;
    if (progress->drawn || cli->host->interrupted != NULL)
        pf_context_on_progress(cli->ctx, between_blocks, progress);
    if (cli->host->interrupted != NULL)
        pf_context_on_wait(cli->ctx, waiting, progress);
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->shown)
        cli_print(&progress->cli->err, "\r%*s\r", (int)terminal_width(progress->cli) - 1, "");
    progress->shown = false;
}

void cli_progress_end(struct cli_progress *progress)
{
    pf_context_on_progress(progress->cli->ctx, NULL, NULL);
    pf_context_on_wait(progress->cli->ctx, NULL, NULL);
    cli_progress_clear(progress);
}
