using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>Pods come and go: a pair of interfaces with addresses is made and the one before deleted, five times a second.</summary>
internal sealed class InterfaceChurn(LabHost node, Action changed)
{
    /// <summary>The address of the last pair, which stays: it is one that node ports answer on.</summary>
    public const string LastAddress = SoakNetwork.NodePortPrefix + "255.1";

    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(200);

    private int _pairs;

    /// <summary>Interfaces made so far.</summary>
    public int Interfaces => 2 * _pairs;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // One program takes all commands as they come, as to start one for each would cost more than the churn itself.
        Process ip = node.Start("ip", ["-batch", "-"], start =>
        {
            start.RedirectStandardInput = true;
            start.RedirectStandardError = true;
        });
        Task<string> errors = ip.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await Pace.EveryAsync(s_period, () => ip.StandardInput.WriteAsync(Step()), cancellationToken);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException("ip cannot make interfaces: " + await errors, e);
        }
        finally
        {
            ip.StandardInput.Close();
            await ip.WaitForExitAsync(CancellationToken.None);
            changed();
            node.Ip("link add last type veth peer name last-peer", $"addr add {LastAddress}/32 dev last", "link set last up");
        }
    }

    private string Step()
    {
        int number = _pairs++;
        string address = string.Create(CultureInfo.InvariantCulture, $"10.200.{number / 125 % 250}.{2 * (number % 125)}");
        string other = string.Create(CultureInfo.InvariantCulture, $"10.200.{number / 125 % 250}.{(2 * (number % 125)) + 1}");
        string before = number == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"link delete va{number - 1}\n");
        return before + string.Create(
            CultureInfo.InvariantCulture,
            $"link add va{number} type veth peer name vb{number}\naddr add {address}/32 dev va{number}\naddr add {other}/32 dev vb{number}\nlink set va{number} up\nlink set vb{number} up\n");
    }
}
