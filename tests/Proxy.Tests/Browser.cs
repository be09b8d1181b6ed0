using System.Diagnostics;

namespace KubeProxySharp.Proxy.Tests;

/// <summary>Shows pages in a browser without a screen; its profile is in a temporary directory.</summary>
internal static class Browser
{
    /// <summary>Far longer than a start takes: tests run beside others.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>The browser of this machine; null if there is none.</summary>
    public static string? Path { get; } = Array.Find(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"], File.Exists);

    /// <summary>The document after its scripts have run.</summary>
    /// <param name="html">The page.</param>
    public static async Task<string> ShowAsync(string html)
    {
        string directory = Directory.CreateTempSubdirectory("kps-browser-").FullName;
        try
        {
            string page = System.IO.Path.Combine(directory, "page.html");
            await File.WriteAllTextAsync(page, html);
            return await RunAsync(directory, "--dump-dom", new Uri(page).AbsoluteUri);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string directory, string what, string page)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(Path ?? throw new InvalidOperationException("no browser"))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                ArgumentList =
                {
                    // Its sandbox does not work for root, and pages here are our own.
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--window-size=1600,1400", $"--user-data-dir={System.IO.Path.Combine(directory, "profile")}",
                    what, page,
                },
            },
        };
        using CancellationTokenSource limit = new(s_limit);
        process.Start();
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            process.ExitCode.Should().Be(0, await errors);
            return output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            throw;
        }
    }
}
