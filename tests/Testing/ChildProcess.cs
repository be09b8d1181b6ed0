using System.Diagnostics;

namespace KubeProxySharp.Testing;

/// <summary>Runs a tool to its end, in the network namespace of the calling thread.</summary>
public static class ChildProcess
{
    private static readonly string[] s_directories = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

    public sealed record Result(int ExitCode, string Output, string Error);

    public static bool Exists(string name) => Find(name) is not null;

    /// <summary>Runs a tool and fails when it does.</summary>
    public static string Run(string name, string input, params string[] arguments)
    {
        Result result = Try(name, input, arguments);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"{name} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Error}");
    }

    public static Result Try(string name, string input, params string[] arguments)
    {
        ProcessStartInfo start = new(Find(name) ?? throw new FileNotFoundException(name + " is not installed"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A tool that failed early has stopped reading; its exit code shows the failure.
        }

        process.WaitForExit();
        return new(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    private static string? Find(string name)
    {
        if (Path.IsPathRooted(name))
        {
            return File.Exists(name) ? name : null;
        }

        IEnumerable<string> directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(s_directories);
        return directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
    }
}
