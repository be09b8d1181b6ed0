using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>
/// Receives a transaction of the table as operations, in the order in which the kernel carries them out, and writes it down:
/// as nft's language, or as the messages that nft makes of it. A struct that is a type parameter, so that nothing is
/// allocated or dispatched for an element.
/// </summary>
internal interface INftEncoder
{
    /// <summary>Whether <see cref="BeginService"/> is of use: what is issued for no single Service otherwise may then be issued for each.</summary>
    bool NamesServices { get; }

    /// <summary>Begins what is there because of a Service and can only be refused because of it; the Service before ends.</summary>
    void BeginService(NamespacedName service);

    /// <summary>Ends what <see cref="BeginService"/> began: what follows belongs to no Service.</summary>
    void EndService();

    /// <summary>Creates the table if it is not there.</summary>
    void AddTable();

    /// <summary>Deletes the table with everything in it.</summary>
    void DeleteTable();

    /// <summary>Deletes the rules of all chains.</summary>
    void FlushTable();

    /// <summary>
    /// Begins the content of the table, which is created if it is not there: sets and maps by <see cref="DeclareSet"/>, then
    /// chains with their rules. Rules may go to chains that come later.
    /// </summary>
    /// <param name="comment">Empty for none.</param>
    void BeginTable(scoped ReadOnlySpan<byte> comment);

    /// <summary>Ends what <see cref="BeginTable"/> began.</summary>
    void EndTable();

    /// <summary>Begins a chain with a hook, and its rules.</summary>
    void BeginBaseChain(scoped ObjectName name, ChainType type, ChainHook hook, int priority);

    /// <summary>Begins a chain without a hook, and its rules.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isFixed">Whether its rules are the same whatever the settings are.</param>
    /// <param name="comment">Empty for none.</param>
    void BeginChain(scoped ObjectName name, bool isFixed, scoped ReadOnlySpan<byte> comment);

    /// <summary>Ends what <see cref="BeginBaseChain"/> or <see cref="BeginChain"/> began.</summary>
    void EndChain();

    /// <summary>Creates a chain if it is not there.</summary>
    void AddChain(scoped ObjectName name);

    /// <summary>Deletes the rules of a chain.</summary>
    void FlushChain(scoped ObjectName name);

    /// <summary>Deletes a chain, which no rule or element goes to.</summary>
    void DeleteChain(scoped ObjectName name);

    /// <summary>Creates a set or map if it is not there.</summary>
    void DeclareSet(scoped SetDeclaration set);

    /// <summary>Deletes a set, which no rule looks into.</summary>
    void DeleteSet(scoped ObjectName name);

    /// <summary>Deletes a map, which no rule looks into.</summary>
    void DeleteMap(scoped ObjectName name);

    /// <summary>Begins elements of a set or map: they follow one by one, all to be deleted or all to be added.</summary>
    void BeginElements(scoped ObjectName set, KeyFields key, bool isDeleted);

    /// <summary>An element of a set, or any element to be deleted.</summary>
    void Element(in ElementKey key);

    /// <summary>An element with an endpoint.</summary>
    void Element(in ElementKey key, EndpointAddress endpoint);

    /// <summary>An element with the verdict to go to a chain.</summary>
    /// <param name="key">The key.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="comment">Empty for none.</param>
    void ElementGoto(in ElementKey key, scoped ObjectName chain, scoped ReadOnlySpan<byte> comment);

    /// <summary>An element with the verdict drop.</summary>
    /// <param name="key">The key.</param>
    /// <param name="comment">Empty for none.</param>
    void ElementDrop(in ElementKey key, scoped ReadOnlySpan<byte> comment);

    /// <summary>Ends the elements.</summary>
    void EndElements();

    /// <summary>Begins a rule at the end of a chain: what it consists of follows, in the order in which it is carried out.</summary>
    /// <param name="chain">The chain; inside <see cref="BeginChain"/> that one.</param>
    void BeginRule(scoped ObjectName chain);

    /// <summary>Ends a rule.</summary>
    /// <param name="comment">Empty for none.</param>
    void EndRule(scoped ReadOnlySpan<byte> comment);

    /// <summary><c>ct state new</c>.</summary>
    void MatchNewConnection();

    /// <summary><c>ct status dnat</c>.</summary>
    void MatchTranslatedConnection();

    /// <summary><c>meta l4proto tcp</c>.</summary>
    void MatchProtocol(TransportProtocol protocol);

    /// <summary><c>ip saddr 10.0.0.0/8</c>.</summary>
    void MatchAddress(KeyFields field, IpPrefix prefix, bool isNegated);

    /// <summary><c>ip daddr { 10.0.0.0/8, 10.96.0.0/16 }</c>.</summary>
    void MatchAddress(KeyFields field, EquatableArray<IpPrefix> prefixes);

    /// <summary><c>iifname "eth0"</c>, or a beginning: <c>iifname "eth*"</c>.</summary>
    void MatchInterface(string name, bool isPrefix, bool isNegated);

    /// <summary><c>fib saddr type local</c>.</summary>
    void MatchLocal(KeyFields field);

    /// <summary><c>meta mark &amp; 0x4000 != 0</c>.</summary>
    void MatchMark(uint mark);

    /// <summary><c>numgen random mod 3 0</c>: true once in so many times.</summary>
    void MatchOneOf(int count);

    /// <summary><c>ip daddr @set</c>.</summary>
    void MatchSet(KeyFields key, scoped ObjectName set);

    /// <summary><c>meta mark set meta mark | 0x4000</c>.</summary>
    void SetMark(uint mark);

    /// <summary><c>meta mark set meta mark ^ 0x4000</c>.</summary>
    void ToggleMark(uint mark);

    /// <summary><c>update @set { ip saddr }</c>: adds the key, or makes its time begin anew.</summary>
    void UpdateSet(scoped ObjectName set, KeyFields key);

    /// <summary><c>ip daddr . th dport vmap @map</c>.</summary>
    void VerdictByMap(KeyFields key, scoped ObjectName map);

    /// <summary><c>dnat ip to ip daddr . th dport . numgen random mod 3 map @map</c>.</summary>
    /// <param name="key">The fields of the map's key.</param>
    /// <param name="slots">How many slots to choose from.</param>
    /// <param name="map">The map.</param>
    void TranslateByMap(KeyFields key, int slots, scoped ObjectName map);

    /// <summary><c>dnat to 10.244.1.5:8080</c>.</summary>
    void Translate(EndpointAddress endpoint);

    /// <summary><c>masquerade fully-random</c>.</summary>
    void Masquerade();

    /// <summary><c>reject</c>.</summary>
    void Reject();

    /// <summary><c>drop</c>.</summary>
    void Drop();

    /// <summary><c>return</c>.</summary>
    void Return();

    /// <summary><c>jump CHAIN</c>.</summary>
    void Jump(scoped ObjectName chain);

    /// <summary><c>goto CHAIN</c>.</summary>
    void Goto(scoped ObjectName chain);

    /// <summary>Ends the transaction.</summary>
    void Complete();
}
