using System.Globalization;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>What the kernel's answer to a batch means: each message that it refuses is named by its sequence number, with an errno.</summary>
internal static class NftBatchAnswer
{
    /// <summary>The most refusals that an error message shows.</summary>
    private const int MostShown = 4;

    /// <summary>The most refused operations that are named as a hint where it is not known which Service they belong to.</summary>
    private const int MostComplaints = 1000;

    /// <summary>Whether messages are refused for what they say, not the transaction as a whole or because of a trouble that passes.</summary>
    public static bool RefusesMessages(BatchResult result) => result.Error == 0 && result.Refusals.Any(IsOfMessage);

    /// <summary>Turns the answer into a result, which names Services if the batch has <see cref="NftBatch.Owners"/>.</summary>
    /// <param name="result">The answer.</param>
    /// <param name="batch">The batch that it is the answer to.</param>
    public static ApplyResult Read(BatchResult result, NftBatch batch)
    {
        if (result.IsApplied)
        {
            return ApplyResult.Applied;
        }

        if (result.Error != 0)
        {
            return new(ApplyOutcome.Unavailable, $"the kernel did not take the transaction of {batch.Messages.Length} bytes: {Describe(result.Error, "")}{Remedy(result.Error)}");
        }

        if (result.Refusals.Count == 0)
        {
            return new(ApplyOutcome.Unavailable, "the kernel's answer to the transaction was lost");
        }

        BatchRefusal[] first = FirstOfEach(result.Refusals, batch.Owners);
        Dictionary<uint, int> offsets = [];
        foreach (BatchRefusal refusal in first)
        {
            offsets.TryAdd(refusal.Sequence, refusal.Offset);
        }

        Dictionary<uint, string> commands = NftOperationText.Describe(batch.Messages, offsets);
        IEnumerable<string> shown = first.Take(MostShown).Select(refusal => Describe(refusal, commands));
        string more = result.Refusals.Count <= MostShown ? "" : string.Create(CultureInfo.InvariantCulture, $"\n... {result.Refusals.Count - MostShown} more");
        return new(
            result.Refusals.All(static refusal => IsPassing(refusal.Error)) ? ApplyOutcome.Unavailable : ApplyOutcome.Refused,
            "the kernel refuses the transaction: " + string.Join('\n', shown) + more + Remedy(first[0].Error))
        {
            Complaints = [.. commands.Values],
            RefusedServices = batch.Owners is { } owners ? Services(first, owners, commands) : null,
            RefusesShared = batch.Owners is not null && first.Any(refusal => batch.Owners.Find(refusal.Sequence) is null),
        };
    }

    /// <summary>The first refusal of each Service, and those that belong to none; of all the first ones if that is not known.</summary>
    private static BatchRefusal[] FirstOfEach(IReadOnlyList<BatchRefusal> refusals, MessageOwners? owners)
    {
        if (owners is null)
        {
            return [.. refusals.Take(MostComplaints)];
        }

        HashSet<NamespacedName> seen = [];
        int others = 0;
        return [.. refusals.Where(refusal => owners.Find(refusal.Sequence) is { } service ? seen.Add(service) : ++others <= MostComplaints)];
    }

    private static RefusedService[] Services(BatchRefusal[] refusals, MessageOwners owners, Dictionary<uint, string> commands)
    {
        List<RefusedService> services = [];
        foreach (BatchRefusal refusal in refusals)
        {
            if (IsOfMessage(refusal) && owners.Find(refusal.Sequence) is { } service)
            {
                services.Add(new(service, Describe(refusal, commands)));
            }
        }

        return [.. services];
    }

    private static bool IsOfMessage(BatchRefusal refusal) => refusal.Sequence != NftBatch.FirstSequence && !IsPassing(refusal.Error);

    /// <summary>Whether the trouble is with the kernel or this process at this moment, not with the rules.</summary>
    private static bool IsPassing(int error) =>
        error is Errno.NotPermitted or Errno.Interrupted or Errno.TryAgain or Errno.NoMemory or Errno.AccessDenied or Errno.Restart or Errno.NoBuffers;

    private static string Remedy(int error) => error switch
    {
        Errno.MessageTooLong => "; without CAP_NET_ADMIN in the first user namespace it can be as long as net.core.wmem_max permits",
        Errno.NotPermitted or Errno.AccessDenied => "; the agent needs CAP_NET_ADMIN in its network namespace (a pod: securityContext.capabilities.add: [NET_ADMIN])",
        _ => "",
    };

    private static string Describe(BatchRefusal refusal, Dictionary<uint, string> commands) =>
        Describe(refusal.Error, refusal.Text) + (commands.TryGetValue(refusal.Sequence, out string? command) ? ": " + command : "");

    private static string Describe(int error, string explanation) =>
        string.Create(CultureInfo.InvariantCulture, $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error}){(explanation.Length == 0 ? "" : $", \"{explanation}\"")}");
}
